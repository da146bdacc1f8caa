enum SMTPPlaceholder {}
import NIOSSL
import _CryptoExtras
