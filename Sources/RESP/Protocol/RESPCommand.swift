public import NIOCore

/// How a command travels: an array of bulk strings, in RESP2 and RESP3 alike.
public enum RESPCommand {
    /// Appends the command to the buffer.
    public static func write(_ command: [RESPArgument], to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "*"))
        buffer.writeString(String(command.count))
        buffer.writeStaticString("\r\n")
        for argument in command {
            buffer.writeInteger(UInt8(ascii: "$"))
            buffer.writeString(String(argument.bytes.count))
            buffer.writeStaticString("\r\n")
            buffer.writeBytes(argument.bytes)
            buffer.writeStaticString("\r\n")
        }
    }
}
