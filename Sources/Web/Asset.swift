import CAssets

/// Files that travel inside the binary.
enum Asset {
    /// Empty when there is no such file; a test looks every one up.
    static func bytes(_ path: String) -> [UInt8] {
        guard let asset = cassets_find(path) else { return [] }
        return Array(UnsafeBufferPointer(start: asset.pointee.bytes, count: asset.pointee.length))
    }
}
