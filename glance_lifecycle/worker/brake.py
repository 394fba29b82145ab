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

"""How much may begin at once without an operator."""

import dataclasses

# Of a handful of images, each is a large part.
_ALWAYS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Brake:
    """What one look may touch.

    :ivar images: at most; 0 for no limit
    :ivar percent: of all images, at most; 0 for no limit
    """

    images: int = 0
    percent: int = 0

    def reached(self, touched: int) -> bool:
        """Whether so many are too many, however many there are."""
        return bool(self.images) and touched > self.images

    def holds(self, touched: int, of: int) -> bool:
        """Whether so many of so many are too many."""
        return self.reached(touched) or (
            bool(self.percent) and touched > _ALWAYS
            and touched * 100 > self.percent * of)

    def text(self, touched: int, of: int) -> str:
        """Why, as a sentence."""
        return ('The brake holds it: one look found new work on %d images of '
                '%d, which is more than [lifecycle_worker] brake_images (%d) '
                'or brake_percent (%d) allows.' % (
                    touched, of, self.images, self.percent))
