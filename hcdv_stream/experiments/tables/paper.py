"""What the paper prints in its Tables 1 and 2, by our names of sets and methods.

Xiao et al., AAAI 2026. "Training on the top 30% valued examples", mean and deviation over three
random splits; times on one A100 and 32 cores. Its row RANDOM has three times for four columns and
does not say which is missing, so that the last two are left out.
"""

from collections.abc import Mapping

Figure = tuple[float, float | None]
"""Mean, and deviation where one is printed."""

UTILITY: Mapping[str, Mapping[str, Figure]] = {
    "synthetic": {
        "MCDS": (0.846, 0.003),
        "GS": (0.840, 0.002),
        "HCDV": (0.904, 0.002),
        "RANDOM": (0.756, 0.004),
    },
    "adult": {
        "MCDS": (0.828, 0.002),
        "GS": (0.819, 0.003),
        "HCDV": (0.844, 0.001),
        "RANDOM": (0.759, 0.004),
    },
    "fashion-mnist": {
        "MCDS": (0.879, 0.001),
        "GS": (0.868, 0.002),
        "HCDV": (0.891, 0.001),
        "RANDOM": (0.811, 0.002),
    },
    "clicks": {
        "MCDS": (0.6175, 0.0005),
        "GS": (0.6142, 0.0006),
        "HCDV": (0.6269, 0.0004),
        "RANDOM": (0.6021, 0.0007),
    },
}

VARIATION: Mapping[str, Mapping[str, Figure]] = {
    "synthetic": {
        "MCDS": (0.087, 0.004),
        "GS": (0.072, 0.005),
        "HCDV": (0.049, 0.003),
        "RANDOM": (0.126, 0.006),
    },
    "clicks": {
        "MCDS": (0.094, None),
        "GS": (0.081, None),
        "HCDV": (0.056, None),
        "RANDOM": (0.136, None),
    },
}

TIMES: Mapping[str, Mapping[str, str]] = {
    "synthetic": {
        "MCDS": "1,820 s",
        "GS": "1,070 s",
        "Banzhaf": "670 s",
        "HCDV": "340 s",
        "RANDOM": "9 s",
    },
    "adult": {
        "MCDS": "94 min",
        "GS": "48 min",
        "Banzhaf": "13 min",
        "HCDV": "21 min",
        "RANDOM": "0.3 min",
    },
    "fashion-mnist": {"MCDS": "5.8 h", "GS": "3.6 h", "Banzhaf": "1.9 h", "HCDV": "1.6 h"},
    "clicks": {"MCDS": "47.5 h", "GS": "29.1 h", "Banzhaf": "15.8 h", "HCDV": "12.3 h"},
}
