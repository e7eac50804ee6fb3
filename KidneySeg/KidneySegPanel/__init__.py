"""The panel of KidneySeg in 3D Slicer, one subject a file.

Without Qt: `parameters`, `session`, `run`, `logic`, `export`, `install`, `views`, `texts`. With Qt:
`panel`, `inputs`, `results`, `review`, `correct`, `models`, `support`.
"""
