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

"""What is assumed of a cloud where its file is silent, and why.

Whether an assumption matters is said with each advice: see ``sensitivity``.
"""

import dataclasses

MIB = 1024 ** 2
GIB = 1024 ** 3


@dataclasses.dataclass(frozen=True)
class Assumption:
    """One fact.

    :ivar value: in bytes a second, seconds, or a ratio
    :ivar why: a sentence
    """

    value: float
    why: str


# How many bytes a store takes for a byte that is stored.
FACTOR = {
    'rbd': Assumption(3, 'A pool of Ceph keeps three replicas by default.'),
    'swift': Assumption(3, 'A ring of Swift has three replicas by default.'),
    'file': Assumption(1, 'A file system keeps one copy.'),
    's3': Assumption(1, 'The price of an object store includes its copies.'),
    'other': Assumption(1, 'Nothing is known of its copies.'),
}
_DISK = 'A guess at one stream of flash on a network of 10 Gbit/s.'
_OBJECTS = 'A guess at one stream of an object store.'
READ = {
    'rbd': Assumption(400 * MIB, _DISK), 'file': Assumption(400 * MIB, _DISK),
    's3': Assumption(100 * MIB, _OBJECTS),
    'swift': Assumption(100 * MIB, _OBJECTS),
    'other': Assumption(100 * MIB, 'A guess.'),
}
WRITE = {kind: Assumption(one.value / 2, 'A guess: half of what is read.')
         for kind, one in READ.items()}
CLONE = Assumption(1, 'A clone in Ceph writes a header, whatever the size.')
START = Assumption(1, 'An overlay on a base image is a file of some 200 KiB.')
NETWORK = Assumption(1000 * MIB, 'A network of 10 Gbit/s, used by nobody '
                     'else.')
DISK = Assumption(300 * MIB, 'A guess at one stream onto the disk of a '
                  'server or a volume.')
HASH = Assumption(700 * MIB, 'SHA-512 of 10 GiB took 14.5 s of one core '
                  'where this project was measured.')
CONVERT = Assumption(800 * MIB, 'qemu-img made raw of 3.9 GiB of qcow2 in '
                     '5 s of one core where this project was measured.')
DECOMPRESS = Assumption(180 * MIB, 'The same with zlib took 22 s.')
COMPRESSION = Assumption(0.5, 'Systems compress to about half with zlib.')
POLL = 15.0
GLANCE_NODES = Assumption(1, 'Each glance-api has a cache of its own.')
CACHE_SIZE = Assumption(10 * GIB, 'The default of image_cache_max_size.')
PRUNER = Assumption(1800, 'The documentation of Glance has the pruner run '
                    'each half hour.')
BASE_AGE = Assumption(86400, 'The default of Nova.')
MANAGER = Assumption(2400, 'The default of Nova.')
SERVER = Assumption(86400, 'A guess: a server exists for a day.')
# Whether: what is not said of a cloud is so, or not.
THIN = Assumption(0, 'Thin provisioning is off in glance_store by default.')
IMAGE_CACHE = Assumption(1, 'Nova keeps base images that are used.')
SERVICE_TOKEN = Assumption(0, 'Cinder asks as the user by default.')
ENCRYPTED = Assumption(0, 'Volume types are not encrypted by default.')
