/// What an emulator does with a message to a certain number.
enum MagicNumber {
}
