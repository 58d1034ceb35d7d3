"""Names variables of the environment that look like settings and are none."""

import difflib
import os
import re
from collections.abc import Mapping

from hcdv_stream.settings import PREFIX, Settings

_SERVICE_LINK = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP)(_.*)?)")
"""What Kubernetes sets for every service of a namespace; one of ours may begin with the prefix."""
_TESTS = f"{PREFIX}TEST_"


def unknown_settings(environment: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """Return the variables with our prefix that no setting has, each with the closest known name.

    None where no name is close.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    found: dict[str, str | None] = {}
    for name in sorted(environment):
        ours = name.upper().startswith(PREFIX) and not name.startswith(_TESTS)
        if ours and name not in known and not _SERVICE_LINK.fullmatch(name):
            closest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
            found[name] = closest[0] if closest else None
    return found


def describe_unknown(name: str, closest: str | None) -> str:
    """Say in a sentence that a variable is no setting."""
    meant = f"did you mean {closest}?" if closest else "see docs/configuration.md for all of them"
    return f"{name} is no setting and has no effect: {meant}"
