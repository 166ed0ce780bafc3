"""The alert action "Send to sftsec"; see README/alert_actions.conf.spec."""

from sftsec_app.alert import main

if __name__ == "__main__":
    main()
