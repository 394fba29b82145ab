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

"""Diagnoses as plain text, and as rows."""

from collections.abc import Iterator
from collections.abc import Sequence
import textwrap

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import pages

_WIDTH = 78

COLUMNS = ('Image', 'Name', 'Status', 'Cause', 'Severity', 'Confidence',
           'Waiting helps', 'Evidence', 'Remedy', 'Command', 'Destructive',
           'Host', 'Code')


def lines(found: facts.Facts, causes: Sequence[cause.Diagnosis]
          ) -> Iterator[str]:
    image = found.image
    yield 'Image %s (%s), status %s' % (
        masking.name(image.id), masking.name(image.name) or 'without a name',
        masking.name(image.status))
    for one in causes:
        yield ''
        yield '%s %s %s (%s)' % (
            one.severity.upper(), pages.code(one.code), one.code,
            one.confidence)
        yield from _wrapped(one.cause)
        yield from _wrapped('Evidence: ' + one.evidence)
        yield from _wrapped('Waiting helps: %s.' % one.waiting)
        yield from _wrapped('Remedy: ' + one.remedy)
        if one.command:
            yield '    %s%s' % ('DESTRUCTIVE: ' if one.destructive else
                                'Next: ', one.command)
        if one.where:
            yield '    On: %s' % one.where
    for sentence in (found.here.unknown if found.here else ()):
        yield ''
        yield from textwrap.wrap(masking.plain(sentence), _WIDTH)
    for number, line in enumerate(found.lines or ()):
        if number == 0:
            yield ''
            yield 'Lines of the logs:'
        yield '    %s: %s' % (masking.name(line.place), line.text)


def rows(found: facts.Facts, causes: Sequence[cause.Diagnosis]
         ) -> Iterator[tuple[str, ...]]:
    """In the order of ``COLUMNS``."""
    image = found.image
    for one in causes:
        yield (image.id, masking.name(image.name), masking.name(image.status),
               one.code, str(one.severity), str(one.confidence),
               str(one.waiting), one.evidence, one.remedy, one.command,
               'yes' if one.destructive else 'no', one.where,
               pages.code(one.code))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(' '.join(text.split()), _WIDTH,
                         initial_indent='    ', subsequent_indent='    ',
                         break_long_words=False, break_on_hyphens=False)
