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

"""The format "text": what a command itself has to say."""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from cliff.formatters import base


class ByDefault:
    """Before a class of osc-lib's: it prints text, if nothing else is asked.
    """

    @property
    def formatter_namespace(self) -> str:
        return 'glance_lifecycle.formatters'

    @property
    def formatter_default(self) -> str:
        return 'text'


class TextFormatter(base.ListFormatter):
    """Its name, for ``-f``: the command prints, not the formatter."""

    def add_argument_group(self, parser: argparse.ArgumentParser) -> None:
        """It has none."""

    def emit_list(self, column_names: Sequence[str],
                  data: Iterable[Sequence[Any]], stdout: Any,
                  parsed_args: argparse.Namespace) -> None:
        for row in data:
            stdout.write(' '.join(map(str, row)) + '\n')
