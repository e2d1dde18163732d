"""Declaring compiled functions: kernels, which Python calls, and parts, which only other compiled functions call.

Compiling costs a user's first start, so that nothing is compiled that is not run:

* a kernel is translated to machine code once and kept (see `stored`);
* a part is translated as a piece of the kernels that call it. On its own it would be optimised, turned into machine code
  and given a way in from Python, all for nothing: that is more than half of what numba spends on a function.

Each should be compiled for one set of types only. `read_only` and `np.int64(0)` at the borders see to that: to numba a
writable array and one that is not, or a 0 in the source and a number, are different types.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any, Never

from numba import config, njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numpy.typing import NDArray

from mismatch.compiling.stored import StoredCode

_Fast = bool | set[str]
"""whether sums may be taken in another order, or which of LLVM's flags say so"""


def kernel(function: Callable[..., Any] | None = None, *, fastmath: _Fast = False) -> Any:
    """Declares a function that is compiled at its first call, runs without the GIL, and is kept for later starts."""

    def declared(function: Callable[..., Any]) -> Any:
        options = {"nogil": True, "no_cfunc_wrapper": True, "fastmath": fastmath, "pipeline_class": _KernelCompiler}
        dispatcher = njit(**options)(function)
        if not config.DISABLE_JIT:
            dispatcher._cache = StoredCode(function, fastmath)
        return dispatcher

    return declared if function is None else declared(function)


def part(function: Callable[..., Any] | None = None, *, fastmath: _Fast = False, inline: bool = False) -> Any:
    """Declares a function that only compiled functions call. Calling it from Python raises TypeError.

    Parameters
    ----------
    inline
        Its machine code is put in place of each call: for short functions in the innermost loops.
    """

    def declared(function: Callable[..., Any]) -> Any:
        if config.DISABLE_JIT:
            return function
        options = {"nopython": True, "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        return _Part(function, targetoptions={**options, "fastmath": fastmath, "forceinline": inline})

    return declared if function is None else declared(function)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The array as one that cannot be written to, which to compiled code is another type.

    Bytes come from everywhere, some writable and some not. All enter compiled code read-only, so that it is compiled once.
    """
    view = array.view()
    view.flags.writeable = False
    return view


class _Part(CPUDispatcher):  # type: ignore[misc]
    """A compiled function without a way in from Python."""

    @cached_property
    def alone(self) -> Any:
        """The same as a function that Python can call: for tests, and for what only builds the starter."""
        return njit(nogil=True)(self.py_func)

    def add_overload(self, cres: Any) -> None:
        self.overloads[tuple(cres.signature.args)] = cres

    def _compile_for_args(self, *args: Any, **kws: Any) -> Never:
        raise TypeError(f"{self.py_func.__name__} is a part: only compiled functions can call it")


class _KernelCompiler(Compiler):  # type: ignore[misc]
    """Compiles a kernel whose parts, and what it uses of numba itself, are pieces of it."""

    def define_pipelines(self) -> Any:
        if self.state.library is None:
            self.state.library = JITCodeLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
            self.state.library.enable_object_caching()
        return super().define_pipelines()

    def _compile_core(self) -> Any:
        codegen = self.state.targetctx.codegen()
        usual, codegen._library_class = codegen._library_class, _PartLibrary
        try:
            result = super()._compile_core()
        finally:
            codegen._library_class = usual
        for environment in result._find_referenced_environments():
            codegen.set_env(environment.env_name, environment)
        return result


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code to be linked into kernels: not optimised on its own, and never turned into machine code."""

    @property
    def codegen(self) -> Any:
        return _NoEnvironment

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._final_module.__library = weakref.proxy(self)
        self._finalized = True


class _NoEnvironment:
    """What Python objects a part needs (for an error it raises) is set when its kernel becomes machine code."""

    @staticmethod
    def set_env(name: str, environment: Any) -> None:
        pass
