#ifndef RAPPORT_CSQLITE_SHIM_H
#define RAPPORT_CSQLITE_SHIM_H

/* Declared as in sqlite3.h; not included, because GRDB's module brings the rest of it. */
int sqlite3_config(int option, ...);

/// Switches SQLite's count of its memory off, and with it a process-wide lock around every allocation.
/// Works only before the library's first use; later it changes nothing and returns SQLITE_MISUSE.
/// (A variadic function, which Swift can not call. 9 is SQLITE_CONFIG_MEMSTATUS, fixed by SQLite's ABI.)
static inline int rapport_sqlite_disable_memory_statistics(void) {
    return sqlite3_config(9, 0);
}

#endif
