# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A line as oslo.log writes it, alone or behind what syslog and journald add.

The formats are ``logging_context_format_string`` and
``logging_exception_prefix`` of oslo.log, and "Nov 27 15:04:26 HOST NAME[PID]:"
or an ISO time in front of it, as ``journalctl`` prints.
"""

import datetime
import re

from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.doctor import masking

_TIME = r'\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?'
_ZONE = r'(?:Z|[+-]\d\d:?\d\d)?'
_OSLO = re.compile(
    r'(?P<time>%s)?\s*(?P<pid>\d{1,10})? ?'
    r'(?P<level>DEBUG|INFO|WARNING|AUDIT|ERROR|CRITICAL|TRACE) '
    r'(?P<name>[\w.-]{1,200})' % _TIME)
_SYSLOG = re.compile(
    r'(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?|%s%s) '
    r'(?P<host>[\w.-]{1,253}) (?P<tag>[^\s:\[]{1,100})(?:\[\d+\])?: '
    % (_TIME, _ZONE))
_REQUEST = re.compile(r'\breq-[0-9a-fA-F-]{36}\b')
_TRACEBACK = re.compile(
    rb'(?:(\d{1,10}) )?(?:ERROR|CRITICAL|TRACE) ([\w.-]{1,200})')
_HEAD = 600
_MOST_IDS = 4


def parse(data: bytes, file: str, number: int = 0, host: str = ''
          ) -> facts.Line:
    """A line, whatever is in it."""
    text = data.decode(errors='replace').rstrip('\r\n')
    head = text[:_HEAD]
    outer = _SYSLOG.match(head)
    inner = _OSLO.match(head, outer.end() if outer else 0)
    time = (inner and inner['time']) or (outer and outer['time']) or (
        _leading(head))
    return facts.Line(
        file=file, text=masking.line(text), number=number,
        host=host or (outer['host'] if outer else ''),
        when=_moment(time) if time else None,
        level=inner['level'] if inner else '',
        service=(outer['tag'] if outer else '') or (
            inner['name'].partition('.')[0] if inner else ''),
        request_ids=tuple(dict.fromkeys(
            _REQUEST.findall(head)))[:_MOST_IDS])


def traceback_key(data: bytes) -> bytes | None:
    """What the lines of a traceback below this one begin with.

    None where none can follow: it is no error.
    """
    found = _TRACEBACK.search(data, 0, _HEAD)
    return found[0] if found else None


def continues(data: bytes, key: bytes) -> bool:
    """Whether a line belongs to the traceback of that key.

    Those of a process have no request id, and what a program prints without
    any prefix is indented.
    """
    head = data[:_HEAD]
    place = head.find(key)
    if place < 0:
        return data[:1] in (b' ', b'\t')
    return b'[' not in head[place + len(key):place + len(key) + 3]


def _leading(head: str) -> str:
    found = re.match(_TIME, head)
    return found[0] if found else ''


def _moment(text: str) -> datetime.datetime | None:
    """Without a zone: nobody knows in which the host writes."""
    try:
        if text[0].isdigit():
            found = datetime.datetime.fromisoformat(text.replace(',', '.'))
            if found.tzinfo is not None:
                found = found.astimezone(datetime.UTC)
            return found.replace(tzinfo=None)
        # The year is missing: the last one in which that was not to come.
        today = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        for year in (today.year, today.year - 1):
            found = datetime.datetime.strptime(
                '%d %s' % (year, text), '%Y %b %d %H:%M:%S.%f'
                if '.' in text else '%Y %b %d %H:%M:%S')
            if found <= today + datetime.timedelta(days=1):
                break
        return found
    except ValueError:
        return None
