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


"""Pauses of glance-api: what it has loaded is not looked at for garbage."""

import functools
import gc


@functools.cache
def shorten_pauses() -> None:
    """Once in a process, with its first import.

    A full collection looks at all that glance-api has loaded, which took 130
    to 180 ms in which that process answers nobody, and imports make it come
    more often. Modules, classes and functions do not become garbage; of what
    else there is at that moment, little stays for ever that is in a cycle.
    What is made later is collected as before.
    """
    gc.collect()
    gc.freeze()
