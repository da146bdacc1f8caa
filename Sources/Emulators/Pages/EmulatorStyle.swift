import CAssets

/// The product's stylesheet and what only these pages need.
enum EmulatorStyle {
    static let path = "emulator.css"

    static func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        if let asset = cassets_find("pages/pages.css") {
            bytes = Array(UnsafeBufferPointer(start: asset.pointee.bytes, count: asset.pointee.length))
        }
        return bytes + Array(own.utf8)
    }

    private static let own = """

        .fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 0 1rem; align-items: end; }
        .fields label { margin-top: .75rem; }
        .fields .wide { grid-column: 1 / -1; }
        select { height: 2.95rem; }
        select, textarea {
            width: 100%;
            padding: .65rem .8rem;
            border: 1px solid var(--soft);
            border-radius: .5rem;
            background: var(--card);
            color: inherit;
            font: inherit;
        }
        .forget { margin-top: 2.5rem; }
        .actions { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: 1rem 0; }
        .actions form { margin: 0; }
        .actions button.quiet { padding: .35rem .9rem; }
        .history { margin: 0; padding-left: 1.25rem; }
        .status { font-size: .875rem; font-weight: 600; }
        .status.failed, .status.undelivered { color: var(--error); }
        .messages.emulated a { grid-template-columns: 6.5rem minmax(0, 2fr) minmax(0, 1.4fr) 9rem auto; }
        @media (max-width: 40rem) { .messages.emulated a { grid-template-columns: minmax(0, 1fr) auto; } }

        """
}
