"""Writes boards, rules and the reference of metrics into the checkout: ``python -m dashboards``."""

from dashboards.files import checkout_files, files

for path, text in {**files(), **checkout_files()}.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
