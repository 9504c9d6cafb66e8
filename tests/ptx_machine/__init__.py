"""A GPU that is this CPU: it runs PTX, the assembly that is compiled for NVIDIA's GPUs, and checks what it does.

A program's text is read (`text`), translated to LLVM (`translation`, `arithmetic`, `rounding`, `rules`, `registers`,
`module`) and compiled for this CPU (`code`). `block` runs the threads of a thread block in the order that is asked for,
until each waits at a barrier or has ended; `access_checks` judges every access: inside memory that exists (`memory`),
aligned, of what was written, and ordered by a barrier where another thread touched the same word. `machine.Machine` has
the interface of `kernels.targets.cuda.driver.Device`; of the lab it needs nothing else. Its own tests are in `tests`.

    from tests.ptx_machine.snippets import run
    run("add.s32 %r3, %r0, 1; st.global.u32 [%rd2], %r3;")   # each thread writes its number and one to its own word

What it does not know is refused by name (`text.NotUnderstood`), never ignored. It knows one kind of GPU at a time and
says nothing about speed; it counts the instructions that each thread executes.
"""
