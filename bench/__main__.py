"""`make bench`: what people wait for, measured on this machine."""

from __future__ import annotations

from bench import form, typeahead


def main() -> None:
    form.main()
    typeahead.main()


if __name__ == "__main__":
    main()
