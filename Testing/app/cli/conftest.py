import pytest


@pytest.fixture(autouse=True)
def _without_networks(threshold_engine):
    """Commands run with the phantom's engine; test_demo.py runs the shipped network."""
