"""All checks, in the order in which one would mend things."""

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import BundleError
from hcdv_stream.doctor.broker import check_broker, check_offsets
from hcdv_stream.doctor.check import CheckResult, passed, refused
from hcdv_stream.doctor.keys import check_keys
from hcdv_stream.doctor.log import check_log
from hcdv_stream.doctor.ports import check_ports
from hcdv_stream.doctor.records import check_records
from hcdv_stream.doctor.state import check_directory, check_privacy, check_states
from hcdv_stream.doctor.validation import check_validation
from hcdv_stream.settings import Settings


def examine(settings: Settings) -> list[CheckResult]:
    """Look at broker, topics, bundle, states, offsets, keys and ports; changes nothing anywhere."""
    checks, partitions = check_broker(settings)
    found, bundle = _bundle(settings)
    checks += [found, check_directory(settings), *check_privacy(settings)]
    states, stored = check_states(settings, bundle, partitions)
    offsets = {number: state.next_offset for number, state in stored.items() if state.next_offset}
    logs = {number: state.log for number, state in stored.items()}
    checks += [*states, *(check_log(settings, logs) if partitions else ())]
    checks += check_validation(settings, stored)
    checks += [check_offsets(settings, offsets, partitions)]
    checks += [check_records(settings, offsets, partitions), check_keys(settings)]
    return [*checks, *check_ports(settings)]


def _bundle(settings: Settings) -> tuple[CheckResult, Bundle | None]:
    try:
        bundle = Bundle.load(settings.bundle)
    except BundleError as error:
        return refused("bundle", error), None
    try:
        settings.weights.per_class(bundle.classes, bundle.validation.counts(len(bundle.classes)))
    except ValueError as error:
        return refused("bundle", ValueError(f"{error}: set HCDV_UTILITY to one of them")), bundle
    detail = (
        f"{settings.bundle}: {len(bundle.schema.features)} features, label {bundle.label!r} "
        f"({', '.join(bundle.classes)}), {len(bundle.validation)} trusted examples"
    )
    return passed("bundle", detail), bundle
