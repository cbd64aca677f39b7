"""Stays alive and opens no port, whatever the port it is given: `never_opens.py PORT`."""

import signal

if __name__ == "__main__":
    while True:
        signal.pause()
