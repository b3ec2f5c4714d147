//! The calls by which a process changes a disk, between the standard library and the C library: modules are the shipped ones
//! and know nothing of it. A thread that serves for a simulated process has its calls counted, refused, or ended in the
//! middle; to all other threads nothing is different.
//!
//! A process that was killed cannot be unwound in the middle of a call. It is as good as gone from then on: whatever it tries
//! fails and changes nothing, and nobody hears its answer. `flock` and `fchown` of the shipped modules do not pass through
//! here: they ask the kernel themselves.
#![expect(unsafe_code, reason = "symbols of the C library are defined here, and its own are called")]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::transmute;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::process::{Call, Process, Verdict};

thread_local! {
    /// The process that this thread serves for.
    static ACTING: RefCell<Option<Process>> = const { RefCell::new(None) };
}

/// Does something as this process, and returns what became of it.
pub(crate) fn acting<T>(process: Process, act: impl FnOnce() -> T) -> (T, Process) {
    ACTING.with(|acting| *acting.borrow_mut() = Some(process));
    let done = act();
    let process = ACTING.with(|acting| acting.borrow_mut().take());
    (done, process.expect("nobody else takes it"))
}

/// What becomes of a call. One that is made while another is judged is the simulation's own.
fn ask(call: &Call) -> Verdict {
    let verdict = ACTING.try_with(|acting| Some(acting.try_borrow_mut().ok()?.as_mut()?.judge(call)));
    verdict.ok().flatten().unwrap_or(Verdict::Pass)
}

fn tell_synced(fd: c_int) {
    let _ = ACTING.try_with(|acting| {
        if let Ok(mut acting) = acting.try_borrow_mut()
            && let Some(process) = acting.as_mut()
        {
            process.synced(fd);
        }
    });
}

/// Something of the process that this thread serves for, if it does.
fn of_process<T>(tell: impl Fn(&Process) -> T) -> Option<T> {
    ACTING.try_with(|acting| Some(tell(acting.try_borrow().ok()?.as_ref()?))).ok().flatten()
}

fn fail(code: c_int) -> c_int {
    // SAFETY: the C library says where the error of this thread lies, and that place is always there.
    unsafe { *libc::__errno_location() = code };
    -1
}

/// The C library's own function of this name.
fn real(name: &CStr, known: &AtomicPtr<c_void>) -> *mut c_void {
    let mut found = known.load(Ordering::Relaxed);
    if found.is_null() {
        // SAFETY: the name ends with a zero, and looking it up has no other condition.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        assert!(!found.is_null(), "the C library has no {name:?}");
        known.store(found, Ordering::Relaxed);
    }
    found
}

/// Defines functions of the C library that ask first.
macro_rules! between {
    ($($name:ident($($arg:ident: $kind:ty),*) = $call:expr;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name($($arg: $kind),*) -> c_int {
            static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
            match ask(&$call) {
                Verdict::Pass => {
                    let name = unsafe { CStr::from_bytes_with_nul_unchecked(concat!(stringify!($name), "\0").as_bytes()) };
                    // SAFETY: the function of this name has these parameters.
                    let real: extern "C" fn($($kind),*) -> c_int = unsafe { transmute(real(name, &REAL)) };
                    real($($arg),*)
                }
                Verdict::Fail(code) => fail(code),
                Verdict::Only(_) | Verdict::Pretend => 0,
            }
        }
    )*};
}

between! {
    open64(name: *const c_char, flags: c_int, mode: c_uint) = Call::Open(flags);
    mkdir(name: *const c_char, mode: c_uint) = Call::Grow;
    symlink(target: *const c_char, name: *const c_char) = Call::Grow;
    link(old: *const c_char, name: *const c_char) = Call::Grow;
    linkat(of: c_int, old: *const c_char, to: c_int, name: *const c_char, flags: c_int) = Call::Grow;
    rename(old: *const c_char, name: *const c_char) = Call::Alter;
    unlink(name: *const c_char) = Call::Alter;
    unlinkat(of: c_int, name: *const c_char, flags: c_int) = Call::Alter;
    rmdir(name: *const c_char) = Call::Alter;
    chmod(name: *const c_char, mode: c_uint) = Call::Alter;
    fchmod(fd: c_int, mode: c_uint) = Call::Alter;
    chown(name: *const c_char, owner: c_uint, group: c_uint) = Call::Alter;
    ftruncate64(fd: c_int, length: i64) = Call::Alter;
}

/// Defines functions after which what a file holds is on the disk.
macro_rules! syncing {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(fd: c_int) -> c_int {
            match ask(&Call::Sync) {
                // The simulated disk remembers what is on it; the one below it need not be waited for.
                Verdict::Pass => {
                    tell_synced(fd);
                    0
                }
                Verdict::Fail(code) => fail(code),
                Verdict::Only(_) | Verdict::Pretend => 0,
            }
        }
    )*};
}

syncing! { fsync fdatasync }

type Write = extern "C" fn(c_int, *const c_void, usize) -> isize;

#[unsafe(no_mangle)]
extern "C" fn write(fd: c_int, bytes: *const c_void, length: usize) -> isize {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    // SAFETY: callers of the C library give so many bytes.
    let given = unsafe { std::slice::from_raw_parts(bytes.cast(), length) };
    // SAFETY: the function of this name has these parameters.
    let real = unsafe { transmute::<*mut c_void, Write>(real(c"write", &REAL)) };
    match ask(&Call::Write(fd, given)) {
        Verdict::Pass => real(fd, bytes, length),
        Verdict::Only(most) => real(fd, bytes, most),
        Verdict::Pretend => isize::try_from(length).unwrap_or(isize::MAX),
        Verdict::Fail(code) => isize::try_from(fail(code)).unwrap_or(-1),
    }
}

#[unsafe(no_mangle)]
extern "C" fn getpid() -> c_int {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    // SAFETY: the function of this name has no parameter.
    let real: extern "C" fn() -> c_int = unsafe { transmute(real(c"getpid", &REAL)) };
    of_process(Process::pid).unwrap_or_else(|| real())
}

#[unsafe(no_mangle)]
extern "C" fn clock_gettime(clock: c_int, time: *mut libc::timespec) -> c_int {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
    if let Some(tv_sec) = of_process(Process::seconds).filter(|_| clock == libc::CLOCK_REALTIME) {
        // SAFETY: callers of the C library give a place for the time.
        unsafe { *time = libc::timespec { tv_sec, tv_nsec: 123_456_789 } };
        return 0;
    }
    // SAFETY: the function of this name has these parameters.
    let real: extern "C" fn(c_int, *mut libc::timespec) -> c_int = unsafe { transmute(real(c"clock_gettime", &REAL)) };
    real(clock, time)
}
