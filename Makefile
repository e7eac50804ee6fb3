# make demo   the main job on the CT that ships      make test   all tests that are not slow
# make lint   ruff                                   make slow   oracles and training
# make bench  speed and accuracy against peers       make evaluate-model  figures of the model card
# make folds  three trainings without other CTs each (an hour, with ARGS="--encoder FILE" two;
#             resumes; FOLDS=folder)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOLDS ?= training_runs/folds
STAMP := $(VENV)/.installed

.PHONY: demo test lint slow bench evaluate-model folds clean

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(STAMP)
	$(BIN)/kidneyseg demo -o demo_output

test: $(STAMP)
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .

slow: $(STAMP)
	$(BIN)/python -m pytest -m slow $(ARGS)

bench: $(STAMP)
	$(BIN)/python Testing/benchmarks/bench_pipeline.py $(ARGS)

evaluate-model: $(STAMP)
	$(BIN)/python studies/kept_out_cts.py $(ARGS)
	$(BIN)/python studies/inserted_lesions.py $(ARGS)
	$(BIN)/python studies/tumor_slices.py $(ARGS)
	$(BIN)/python studies/doubted.py $(ARGS)
	$(BIN)/python studies/locator.py $(ARGS)
	$(BIN)/python studies/robustness.py $(ARGS)
	$(BIN)/python studies/intervals.py $(ARGS)
	$(BIN)/python studies/calibration.py $(ARGS)

folds: $(STAMP)
	$(BIN)/python studies/folds.py $(FOLDS) $(ARGS)

clean:
	rm -rf $(VENV) build dist demo_output *.egg-info .pytest_cache .ruff_cache .hypothesis
