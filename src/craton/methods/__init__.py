"""Science on labelled data; every public function is a process over kernels.

May import `kernels`, `model`, `process`. Never: files, storage, jobs, web.
"""
