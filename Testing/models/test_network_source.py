from KidneySegLib.models.network_source import ACTIVATIONS


def test_a_stage_of_the_shipped_model_loads(shipped):
    network = shipped.network("locator")
    assert network.activation in ACTIVATIONS
    assert not network.precise
    assert network.key.startswith(shipped.sha256)
    assert not network.load().training
    assert shipped.network("fine").key != network.key
