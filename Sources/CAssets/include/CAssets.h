#ifndef CASSETS_H
#define CASSETS_H

#include <stddef.h>

/// One file that travels inside the binary.
typedef struct {
    /// Path below `Sources/CAssets`, with forward slashes, e.g. `templates/email/welcome.html.mustache`.
    const char *_Nonnull path;
    /// The file's bytes, followed by one zero byte that `length` does not count. They live as long as the process.
    const unsigned char *_Nonnull bytes;
    /// Length in bytes.
    size_t length;
} CAsset;

/// All embedded files; valid indices are `0 ..< cassets_count()`.
const CAsset *_Nonnull cassets_all(void);

/// How many files there are.
size_t cassets_count(void);

/// The file with exactly this path, or NULL. Walks the whole list: look up once, keep the result.
const CAsset *_Nullable cassets_find(const char *_Nonnull path);

#endif
