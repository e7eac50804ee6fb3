import pytest


@pytest.fixture(autouse=True)
def _without_networks_and_pictures(threshold_engine, no_pictures):
    """Commands run with the phantom's engine, and draw nothing, which takes half of their time.

    What the shipped network finds is in app/test_demo.py, the pictures in report/.
    """
