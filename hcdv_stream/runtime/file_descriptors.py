"""How many files and sockets this process may have open."""

import resource

ENOUGH = 1 << 20


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one, and return it.

    Most systems start programs with a soft limit of 1,024, which old programs need and we do not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= raised:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return raised
