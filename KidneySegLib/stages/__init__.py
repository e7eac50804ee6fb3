"""The stages of the pipeline: plain functions from data to data."""
