"""Small tasks to learn."""

import numpy as np

from hcdv_stream.learners.task import Task


def task_of(seed=0, n=40, v=25, classes=3, width=4):
    """Overlapping blobs, one a class."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(classes, width)) * 1.5
    labels = (np.arange(n + v) % classes).astype(np.int16)
    rows = centres[labels] + generator.normal(size=(n + v, width))
    return Task(rows[:n], labels[:n], rows[n:], labels[n:], classes)


def coalitions(n, count, seed=0):
    """Random coalitions of random sizes, none empty."""
    generator = np.random.default_rng(seed)
    members = generator.random((count, n)) < generator.random((count, 1))
    members[~members.any(axis=1), 0] = True
    return members
