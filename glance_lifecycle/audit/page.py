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

"""What a code means that is no check of the doctor: its page.

``doctor explain CODE`` prints it, and the documentation is made from it.
"""

from collections.abc import Iterator
import dataclasses
import textwrap

from glance_lifecycle.audit import finding

_WIDTH = 78


@dataclasses.dataclass(frozen=True)
class Page:
    """One code.

    :ivar slug: its name in words
    :ivar title: a sentence
    :ivar text: why it matters and what helps; paragraphs
    """

    code: str
    slug: str
    severity: finding.Severity
    title: str
    text: str

    @property
    def paragraphs(self) -> list[str]:
        return [' '.join(one.split())
                for one in self.text.strip().split('\n\n')]

    def lines(self) -> Iterator[str]:
        """As people read it."""
        yield '%s: %s' % (self.code, self.title)
        yield ''
        yield 'Name: %s. Severity: %s.' % (self.slug, self.severity)
        for paragraph in self.paragraphs:
            yield ''
            yield from textwrap.wrap(paragraph.replace('``', ''), _WIDTH)
