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

"""What of a configuration may be shown: never a secret."""

import re

from oslo_utils import strutils

# Of options that no data know to be secret, by what they are called.
_SECRET_NAME = re.compile(
    r'pass|secret|token|credential|private|_key$|^key$|_auth$|connection$'
    r'|transport_url$', re.IGNORECASE)

# From "//" to the last "@": passwords have "/", ":" and "@", too.
_WORD = re.compile(r'\S+')
# What a remedy tells to replace.
_EXAMPLE = re.compile(r'(?:USER|glance):PASSWORD@[^@]*')
# The same without a scheme, as user:password@host.
_BARE_USER_INFO = re.compile(r'(?<![^\s,;=\[{"\'])[^\s/@:,]+:(?!//)\S*@')
# Nothing is tried unless a "=" is near to end at: a line of 4,000 "?" took a
# second, one of "?passpass..." three, and whoever sends requests writes such
# lines into a log.
_QUERY = re.compile(
    r'((?>[?&;](?=[^=&;\s]{0,100}=)[^=&;\s]*'
    r'(?:pass|secret|token|key|sig|auth)[^=&;\s]*=))[^&;\s]+', re.IGNORECASE)

# Of a list that is continued, an option that is indented is an item.
_ASSIGNED = re.compile(
    r'((?:pass|secret|token|credential|key)\w*+\s*+=\s*+)\S.*', re.IGNORECASE)

_OPTION = re.compile('[a-z][a-z0-9_.-]*')

# What sosreport and its like put in the place of a secret.
_HIDDEN = re.compile(r'\*{3,}')

# Control characters could move a terminal's cursor, or turn a text around.
_UNSEEN = {code: '\\x%02x' % code for code in (*range(32), *range(127, 160))}
_UNSEEN |= {code: '\\u%04x' % code for code in (
    *range(0x200b, 0x2010), *range(0x2028, 0x202f), *range(0x2066, 0x206a),
    0xfeff, *range(0xd800, 0xe000))}

# Of a line of a log: tokens of Keystone, and what a header or a field has.
_TOKEN = re.compile(r'\bgAAAA[\w=-]{20,}')
_FIELD = re.compile(
    r'((?:x-auth-token|x-subject-token|authorization|x-service-token)'
    r'["\']?\s*[:=]\s*["\']?(?:bearer |basic )?)[^\s"\',;]+', re.IGNORECASE)

_LONGEST = 120
_MOST_MASKED = 2000
_MOST_LINE = 4000


class Hidden(Exception):
    """A report has taken the value away."""


def hidden(value: str) -> bool:
    """Whether a report has taken the value away."""
    return _HIDDEN.search(value) is not None


def is_secret(name: str) -> bool:
    """Whether an option of this name is better not shown."""
    return _SECRET_NAME.search(name) is not None


def value(text: str) -> str:
    """The value of an option that is no secret, as it is shown."""
    # Cut before it is masked, it might lose the "@".
    if len(text) > _MOST_MASKED:
        return '(%d characters)' % len(text)
    text = _BARE_USER_INFO.sub('***@', _without_user_info(text))
    return name(_ASSIGNED.sub(r'\1***', _QUERY.sub(r'\1***', text)))


def name(text: str) -> str:
    """A name that a stranger wrote, such as of a section."""
    text = _first_line(text)
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + '...'
    return plain(text)


def option(text: str) -> str:
    """The name of an option that nobody may know.

    A key of Ceph that stands on a line of its own looks like one, too.
    """
    return name(text) if _OPTION.fullmatch(text) else '(a name not shown)'


def _first_line(text: str) -> str:
    """Without the lines that continue it.

    An option that is indented is a part of the value before it, and may be
    a password.
    """
    first, *more = text.split('\n')
    return first + ' (and %d line%s)' % (
        len(more), 's' if len(more) > 1 else '') if more else text


def line(text: str) -> str:
    """A line of a log, or a message: without secrets, on one line.

    At most some thousand characters of it: the beginning.
    """
    if len(text) > _MOST_LINE:
        # A word that is cut might lose what it is known to be secret by.
        text = text[:_MOST_LINE].rpartition(' ')[0] + ' ...'
    text = strutils.mask_password(text)
    text = _FIELD.sub(r'\1***', _TOKEN.sub('***', text))
    return plain(_QUERY.sub(r'\1***', _without_user_info(text)))


def _without_user_info(text: str, but: re.Pattern[str] | None = None) -> str:
    """Not by one pattern: of "////..." it would try each "/" to the end.

    :param but: what may stand behind the "//" of a word
    """
    def shorter(found: re.Match[str]) -> str:
        word = found[0]
        begin, end = word.find('//') + 2, word.rfind('@')
        if begin < 2 or end < begin or (but and but.fullmatch(word, begin)):
            return word
        return word[:begin] + '***' + word[end:]
    return _WORD.sub(shorter, text) if '@' in text else text


def sentence(text: str) -> str:
    """What is said of something, whatever of others' it repeats."""
    return bounded(_QUERY.sub(r'\1***', _without_user_info(
        _first_line(text), _EXAMPLE)))


def bounded(text: str) -> str:
    """What is said, at most some thousand characters of it."""
    if len(text) > _MOST_LINE:
        text = text[:_MOST_LINE] + '...'
    return plain(text)


def plain(text: str) -> str:
    """A text of any length, without what would act on a terminal."""
    text = text.translate(_UNSEEN)
    # Others that are not seen for what they are, such as blanks of their own.
    return text if text.isprintable() else ''.join(
        one if one.isprintable() else '\\u%04x' % ord(one) for one in text)
