"""What is shown: whole in a terminal of 80 columns, plain lines elsewhere."""

import io

import pytest
from rich.console import Console

from hcdv_stream.demo import tables
from hcdv_stream.demo.live_display import LiveDisplay
from hcdv_stream.demo.observation import Observation


def example(number, provider="cobalt"):
    return {"id": f"20260110-{number:05d}", "label": "yes", "provider": provider, "value": 1.2e-3}


def observation(provider="cobalt", applied=14_000):
    told = {"examples": 14_000, "updates": 97, "leaves": 339, "spawned": 104, "rebalances": 32}
    told |= {"total": 0.7, "residual": 1.5e-13, "as_of": {"lag": 1234}}
    payout = {"provider": provider, "examples": 14_000, "value": 0.7, "share": 1.0, "stderr": 0.01}
    return Observation(
        *(12.3, 750.0, applied, 2, [0.1, 0.2, 0.3], told),
        highest=[example(n, provider) for n in range(5)],
        lowest=[example(n, provider) for n in range(10, 15)],
        providers=[payout],
    )


def shown(renderable):
    console = Console(file=io.StringIO(), width=80, legacy_windows=False)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("provider", ["cobalt", None])
def test_everything_fits_into_eighty_columns(provider):
    text = shown(tables.live("ten days", 15_000, "API http://x", observation(provider)))
    assert "…" not in text
    for fact in ("14,000 of 15,000 sessions", "750/s", "1,234", "200 ms", "300 ms", "1.5e-13"):
        assert fact in text
    assert text.count("+1,200.0") == 10
    assert "20260110-00014" in text
    assert ("seller  " in text.split("payouts")[0]) == (provider is not None)


def test_markup_in_names_is_shown_as_it_is():
    text = shown(tables.providers(observation("[red]x[/]").providers))
    assert "[red]x[/]" in text


def test_elsewhere_than_in_a_terminal_a_line_now_and_then():
    console = Console(file=io.StringIO(), width=80)
    with LiveDisplay(console, "ten days", 15_000, "API") as view:
        view.show(observation(applied=100))
        view.show(observation(applied=200))
    (line,) = console.file.getvalue().splitlines()
    assert line.startswith("100 of 15,000 sessions, 750/s, latency p50 0.200 s p99 0.300 s")


def test_in_a_terminal_the_view_is_redrawn_and_then_gone():
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with LiveDisplay(console, "ten days", 15_000, "API http://x") as view:
        view.show(observation(applied=100))
        view.show(observation(applied=200))
    written = console.file.getvalue()
    assert "100 of 15,000" in written
    assert "200 of 15,000" in written
    assert written.rstrip().endswith("\x1b[2K"), "the last frame is erased"
