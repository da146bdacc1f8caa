/* No include guard: `assets.c` includes this once per file, with ASSET set to the file's path.
 * The byte after the file keeps an empty file a legal array and text usable as a C string. */
{
    ASSET,
    (const unsigned char[]){
#embed ASSET suffix(, )
        0},
    sizeof((const unsigned char[]){
#embed ASSET suffix(, )
        0}) - 1,
},
#undef ASSET
