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

"""Ranges of bytes, as HTTP has them (RFC 9110, 14.2 and 14.4)."""

from collections.abc import Mapping

#: the status of an answer that is a part; 200 is all of it
PARTIAL = 206


def header(offset: int, length: int) -> str:
    """What ``Range`` asks for ``length`` bytes; at least one."""
    return 'bytes=%d-%d' % (offset, offset + length - 1)


def is_answer(headers: Mapping[str, str], offset: int, length: int) -> bool:
    """Whether an answer holds what was asked for, all its headers included.

    :param headers: of the answer, names in lower case
    """
    return (headers.get('content-length') == str(length) and
            headers.get('content-range', '').startswith(
                'bytes %d-%d/' % (offset, offset + length - 1)))
