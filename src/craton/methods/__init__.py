"""Science on labelled data; every public function is a process over kernels.

May import `kernels`, `model`, `process`. Never: files, storage, jobs, web.
"""

from craton.methods import contour as contour
from craton.methods import gravity as gravity
from craton.methods import grid as grid
from craton.methods import grid_statistics as grid_statistics
from craton.methods import grid_warp as grid_warp
from craton.methods import magnetics as magnetics
from craton.methods import map_picture as map_picture
from craton.methods import points as points
from craton.methods import proximity as proximity
from craton.methods import table as table
from craton.methods import terrain as terrain
from craton.methods import vector as vector
from craton.methods import vector_cells as vector_cells
from craton.methods import vector_join as vector_join
from craton.methods import zonal as zonal
