#include "CAssets.h"

#include <string.h>

/* The list of embedded files, alphabetical. To add one, add its pair of lines.
 * (`#embed` is a directive and cannot come out of a macro, hence two lines and not one.) */
static const CAsset assets[] = {
#define ASSET "templates/email/welcome.html.mustache"
#include "embed_asset.h"
};

const CAsset *cassets_all(void) { return assets; }

size_t cassets_count(void) { return sizeof assets / sizeof assets[0]; }

const CAsset *cassets_find(const char *path) {
    for (size_t index = 0; index < cassets_count(); index++) {
        if (strcmp(assets[index].path, path) == 0) return &assets[index];
    }
    return NULL;
}
