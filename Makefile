# make demo     the main job on the CT that ships        make test   all tests that are not slow
# make lint     rules, format, types, documentation      make slow   oracles, training, thresholds
# make test-nnunet  nnU-Net models against nnU-Net's own predictor (an environment of its own)
# make bench    speed and accuracy against peers         make docs   the documentation in site/
# make figures  the model's figures anew, into figures.json and every table (hours)
# make folds    three trainings without other CTs each (an hour, with ARGS="--encoder FILE" two;
#               resumes; FOLDS=folder)
# make publish  a commit of this tree without its history: VERSION=0.1.0 [PARENT=commit] [REMOTE=url]
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOLDS ?= training_runs/folds
USER_STAMP := $(VENV)/.installed-for-users
DEV_STAMP := $(VENV)/.installed-for-tests
TORCH := torch==2.13.0
TORCH_CPU := https://download.pytorch.org/whl/cpu
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
MODEL_STUDIES := kept_out_cts inserted_lesions tumor_slices doubted locator robustness calibration

NNUNET := .venv-nnunet

.PHONY: test-nnunet demo test lint docs slow bench figures folds publish clean

# Without an NVIDIA GPU the CPU build of torch is enough, and gigabytes smaller; PyPI has it for macOS
# and Windows, for Linux torch's own index does.
$(USER_STAMP): pyproject.toml constraints.txt KidneySegLib/environment/requirements.txt
	@echo "Installing KidneySeg into $(VENV): about 0.4 GB to download and 1.6 GB on disk without an"
	@echo "NVIDIA GPU (some 5 GB with one). This takes a few minutes."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if [ "$$(uname)" = Linux ] && ! command -v nvidia-smi > /dev/null && $(BIN)/python -c \
	    "import urllib.request as r; r.urlopen('$(TORCH_CPU)/torch/', timeout=5)" 2> /dev/null; \
	then $(PIP) --extra-index-url $(TORCH_CPU) $(TORCH); else $(PIP) $(TORCH); fi
	$(PIP) --editable .
	touch $@

$(DEV_STAMP): $(USER_STAMP)
	@echo "Installing test tools (Slicer's scene, Qt, mypy, mkdocs): about 0.5 GB more on disk."
	$(PIP) --editable ".[dev]"
	touch $@

demo: $(USER_STAMP)
	$(BIN)/kidneyseg demo -o demo_output

test: $(DEV_STAMP)
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto --dist loadfile $(ARGS)

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --site-dir build/site

docs: $(DEV_STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --site-dir site

slow: $(DEV_STAMP)
	$(BIN)/python -m pytest -m slow $(ARGS)

# nnU-Net's own predictor as an oracle: an environment of its own, some 2 GB.
$(NNUNET)/.installed: pyproject.toml constraints.txt
	test -x $(NNUNET)/bin/python || $(PYTHON) -m venv $(NNUNET)
	$(NNUNET)/bin/python -m pip install --quiet --constraint constraints.txt $(TORCH)
	$(NNUNET)/bin/python -m pip install --quiet --constraint constraints.txt --editable . \
	    nnunetv2==2.8.1 pytest onnx onnxruntime
	touch $@

test-nnunet: $(NNUNET)/.installed
	nnUNet_raw=/tmp nnUNet_preprocessed=/tmp nnUNet_results=/tmp $(NNUNET)/bin/python -m pytest \
	    Testing/oracles Testing/models/test_onnx_files.py $(ARGS)

bench: $(DEV_STAMP)
	$(BIN)/python Testing/benchmarks/bench_pipeline.py $(ARGS)

figures: $(DEV_STAMP)
	for study in $(MODEL_STUDIES); do $(BIN)/python studies/$$study.py $(ARGS) || exit 1; done
	$(BIN)/python studies/intervals.py --per-size 3 $(ARGS)
	$(BIN)/python studies/figures.py

folds: $(DEV_STAMP)
	$(BIN)/python studies/folds.py $(FOLDS) $(ARGS)

publish:
	@test -n "$(VERSION)" || { echo "Give VERSION=0.1.0"; exit 2; }
	@test -z "$$(git status --porcelain)" || { echo "Commit first."; exit 2; }
	git branch --force published $$(git commit-tree "HEAD^{tree}" $(if $(PARENT),-p $(PARENT)) \
	    -m "KidneySeg $(VERSION)")
	$(if $(REMOTE),git push $(REMOTE) published:main,@echo "Now: make publish ... REMOTE=url, or git push")

clean:
	rm -rf $(VENV) build dist site demo_output *.egg-info .pytest_cache .ruff_cache .mypy_cache
