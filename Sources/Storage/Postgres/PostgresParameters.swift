import Core

/// A statement's values in binary form, one behind the other in one buffer.
struct PostgresParameters {
    private(set) var bytes: [UInt8] = []
    /// Where each value lies; a negative length is NULL.
    private(set) var spans: [(start: Int, length: Int32)] = []
    private(set) var types: [UInt32] = []

    init() {}

    init(_ binds: [SQLValue]) {
        for value in binds { append(value) }
    }

    mutating func append(_ value: SQLValue) {
        types.append(value.postgresType)
        if case .null = value {
            spans.append((0, -1))
            return
        }
        let start = bytes.count
        bytes.append(binary: value)
        spans.append((start, Int32(clamping: bytes.count - start)))
    }

    mutating func append(_ array: PostgresArray) {
        types.append(PostgresType.array(of: array.element))
        let start = bytes.count
        array.write(into: &bytes)
        spans.append((start, Int32(clamping: bytes.count - start)))
    }
}

/// One column of a set-wise statement: an array parameter for `unnest`.
struct PostgresArray {
    let element: UInt32
    private var body: [UInt8] = []
    private(set) var count = 0
    private var hasNull = false

    init(_ element: UInt32) {
        self.element = element
    }

    init(_ element: UInt32, _ values: some Sequence<SQLValue>) {
        self.element = element
        for value in values { append(value) }
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ value: SQLValue) {
        count += 1
        if case .null = value {
            hasNull = true
            body.appendBigEndian(Int32(-1))
            return
        }
        if element == PostgresType.int4, case .int(let number) = value {
            body.appendBigEndian(Int32(4))
            body.appendBigEndian(Int32(clamping: number))
            return
        }
        let start = body.count
        body.appendBigEndian(Int32(0))
        body.append(binary: value)
        let length = UInt32(clamping: body.count - start - 4)
        for offset in 0..<4 { body[start + offset] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * offset)) }
    }

    mutating func append(_ text: String?) {
        append(text.map(SQLValue.text) ?? .null)
    }

    mutating func append(_ bytes: [UInt8]?) {
        append(bytes.map(SQLValue.bytes) ?? .null)
    }

    /// `array_send`'s form: dimensions, NULL flag, element type, length, lower bound, then the elements.
    fileprivate func write(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(count == 0 ? 0 : 1))
        bytes.appendBigEndian(Int32(hasNull ? 1 : 0))
        bytes.appendBigEndian(element)
        guard count > 0 else { return }
        bytes.appendBigEndian(Int32(clamping: count))
        bytes.appendBigEndian(Int32(1))
        bytes.append(contentsOf: body)
    }
}
