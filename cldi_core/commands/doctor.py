"""``doctor``: one page of the machine, what is installed, what there is, and what is wrong."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cldi_core.commands.options import JsonOption
from cldi_core.commands.terminal import print_json
from cldi_core.data.counting import counted


def doctor(as_json: JsonOption = False) -> None:
    """The machine, devices, versions, weights, data sets, free space, and what is wrong; exit 1 if something is.

    Nothing is written or fetched, and no key is printed: the page can be sent to who helps.
    """
    from cldi_core.commands import doctor_facts

    found = [*doctor_facts.facts()]
    wrong = [one for one in found if one.problem]
    if as_json:
        print_json({"facts": [asdict(one) for one in found], "problems": len(wrong)})
    else:
        wide = max(len(one.name) for one in found)
        for area in dict.fromkeys(one.area for one in found):
            print(area)
            for one in (fact for fact in found if fact.area == area):
                print(f"  {one.name:{wide}}  {one.value}" + (f"  ← {one.problem}" if one.problem else ""))
        print()
        print(f"{counted(len(wrong), 'thing')} to look at:" if wrong else "Nothing is wrong.")
        for one in wrong:
            print(f"  {one.area}, {one.name}: {one.problem}")
    if wrong:
        raise typer.Exit(1)
