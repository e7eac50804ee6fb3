"""The panel of KidneySeg in 3D Slicer, one subject a file.

Without Qt: all_cts, answers, clicks, correct, export, install, logic, nodes, outcome, parameters,
report_text, run, session, texts, views, watch. With Qt: ask, colors, inputs, models,
panel, results, review, runner, support.
"""
