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

"""A page for each check of the doctor, made from the check itself."""

from collections.abc import Iterator
import pathlib
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit import page as code_pages
from glance_lifecycle.audit import pages

FOLDER = 'checks'


def page(kind: type[check.Check]) -> Iterator[str]:
    title = '%s: %s' % (kind.code, kind.title().rstrip('.'))
    yield ':orphan:'
    yield ''
    yield '.. Made from the check, when the documentation is built.'
    yield ''
    yield from ('=' * len(title), title, '=' * len(title), '')
    yield ':Subject: %s' % kind.subject()
    yield ':Severity: %s' % kind.severity
    yield ':Releases: %s' % ', '.join(map(str, kind.releases))
    yield ''
    yield from kind.text().split('\n')
    for word, examples in (('Wrong', kind.bad), ('Right', kind.good)):
        yield from ('', word, '-' * len(word))
        for files in examples:
            for name, text in files.items():
                yield from ('', '``%s``:' % name, '', '.. code-block:: none',
                            '')
                yield from ('   ' + line.replace('\0', '\\0')
                            for line in text.split('\n'))


def code_page(one: code_pages.Page) -> Iterator[str]:
    """Of a code that is no check."""
    title = '%s: %s' % (one.code, one.title.rstrip('.'))
    yield ':orphan:'
    yield ''
    yield '.. Made from the code, when the documentation is built.'
    yield ''
    yield from ('=' * len(title), title, '=' * len(title), '')
    yield ':Name: %s' % one.slug
    yield ':Severity: %s' % one.severity
    for paragraph in one.paragraphs:
        yield from ('', paragraph)


def code_table() -> Iterator[str]:
    for subject, group in pages.GROUPS.items():
        yield from ('', subject, '-' * len(subject), '')
        for one in group:
            yield '* :doc:`%s <%s>` (%s): %s' % (
                one.code, one.code, one.severity, one.title)


def table(kinds: list[type[check.Check]]) -> Iterator[str]:
    """All of them, by subject."""
    subject = ''
    for kind in kinds:
        if kind.subject() != subject:
            subject = kind.subject()
            yield from ('', subject, '-' * len(subject), '')
        yield '* :doc:`%s <%s>` (%s): %s' % (
            kind.code, kind.code, kind.severity, kind.title())


def write(app: Any) -> None:
    folder = pathlib.Path(app.srcdir, 'admin', FOLDER)
    folder.mkdir(exist_ok=True)
    kinds = check.load_all()
    for kind in kinds:
        _write(folder / ('%s.rst' % kind.code), page(kind))
    for one in pages.BY_CODE.values():
        _write(folder / ('%s.rst' % one.code), code_page(one))
    _write(folder / 'index.rst', [
        '=' * 20, 'Checks of the doctor', '=' * 20, '', 'Each of these pages '
        'is what ``openstack image lifecycle doctor explain CODE`` prints.',
        *table(kinds), *code_table()])


def _write(path: pathlib.Path, lines: Any) -> None:
    text = '\n'.join([*lines, ''])
    # Of a page that is as it was, the time stays, and Sphinx need not look.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def setup(app: Any) -> dict[str, bool]:
    app.connect('builder-inited', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
