"""The state of rays in lockstep (lanes.py): which rows of numbers it has, one number for each lane in a row.

The state of all lanes is one flat array. A row is known by where its first number stands, so that lane n of a
row is at `row + n`. Three rows that end in _X, _Y, _Z follow one another: row of axis a is `row_X + ROW * a`.
"""

from __future__ import annotations

from itertools import count

from .vector import WIDTH

LANES = 32
"""Rays in lockstep: enough to hide that a lane's numbers arrive one by one; more would not fit the cache."""
ROW = LANES + WIDTH
"""Numbers from row to row: a vector more than they hold, or neighbours would share a bank of the cache."""

_next = count(0, ROW).__next__

# Where a lane is. The face ahead on each axis lies at distance FACE + STEPS GAP.
STEPS_X, STEPS_Y, STEPS_Z = _next(), _next(), _next()  # steps taken along each axis since the lane was placed
FACE_X, FACE_Y, FACE_Z = _next(), _next(), _next()  # distance of the face ahead before the first step [m]
GAP_X, GAP_Y, GAP_Z = _next(), _next(), _next()  # distance from face to face [m]; 0: FACE is looked up anew
U, V, W = _next(), _next(), _next()  # direction; zeros for a ray that sees cells as their centres are
OFFSET_X, OFFSET_Y, OFFSET_Z = _next(), _next(), _next()  # face ahead from the cell's centre [m]
STRIDE_X, STRIDE_Y, STRIDE_Z = _next(), _next(), _next()  # bytes from record to record of a step, signed
FIRST_X, FIRST_Y, FIRST_Z = _next(), _next(), _next()  # index of the first cell
LAST_X, LAST_Y, LAST_Z = _next(), _next(), _next()  # steps from the first cell to the last one of the grid
ORIGIN_X, ORIGIN_Y, ORIGIN_Z = _next(), _next(), _next()  # origin of the ray [m]
INVERSE_X, INVERSE_Y, INVERSE_Z = _next(), _next(), _next()  # reciprocals of the direction
ADDRESS = _next()  # of the cell's record, in bytes plus intrinsics.ADDRESS_BIAS
DISTANCE = _next()  # from the origin to where the lane is [m]
END = _next()  # distance at which the lane halts [m]
EXIT = _next()  # distance at which the ray ends for good [m]
COUNT = _next()  # cells crossed before STEPS began to count
RAY = _next()  # number of the ray, or -1
CLIPPED, CLIPPED_FACE = _next(), _next()  # bound of what clipping left out; the face beyond, -1: not clipped
FACES_PER_METRE = _next()  # faces that its ray crosses in a metre, in the mean [1/m]
BUILT = _next()  # address of the record that is built for the lane where none are kept

# What the certified switch knows of a ray (the fields of auto.RayState).
BAND = _next()  # the band that the lane sees
LOOKED_UNTIL = _next()  # distance until which bricks have been looked at [m]
STOP_BELOW = _next()  # transmittance at which the ray may stop
ERROR = _next()  # bound of what shortcuts have changed so far [W m-2 sr-1]
FAILED_LOOKS = _next()  # looks in turn that have found no shortcut
SKIP = _next()  # thick steps not to be tried
FAILED_TRIES = _next()  # thick steps tried and not taken
NODES = _next()  # nodes of the pyramid read
THIN_STEPS = _next()  # transparent bricks crossed
THICK_STEPS = _next()  # thick steps and stops
START = _next()  # distance at which the ray enters the grid [m]
FAR_END = _next()  # distance at which it leaves the grid [m]
PLAIN = _next()  # 1 for a ray that goes without shortcuts

STATE = _next()
"""Numbers of the rows above; those of each band follow."""

# The radiance of the first band; those of the next bands lie BAND_ROWS apart.
T = STATE  # transmittance from the observer
E = _next()  # emission that reaches the observer [W m-2 sr-1]
TAU = _next()  # optical depth
COUNTED = _next()  # cells crossed when the band was left, -1 before
DEPTH = _next()  # optical depth of the last segment
NEAR = _next()  # source at the near end of the last segment [W m-2 sr-1]
RISE = _next()  # how much the source rises along it [W m-2 sr-1]
BAND_ROWS = _next() - STATE
"""Numbers from a row of one band to that of the next band."""
