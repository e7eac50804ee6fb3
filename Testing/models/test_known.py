from KidneySegLib.models.known import known_models, known_text


def test_every_model_says_where_it_is_and_whose():
    models = known_models()
    assert len(models) >= 7
    for model in models:
        text = known_text(model)
        for word in ("license:", "where:", "cite:", "published:", "1. "):
            assert word in text
        assert model["labels"]
        assert "kidneyseg models import" in text
