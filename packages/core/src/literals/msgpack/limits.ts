/** The largest value of MessagePack that is read or written, in bytes. */
export const largestMsgpack: number = 10 * 1024 * 1024;
/** How many values one may hold, however small: in memory each takes many times the byte that it may take there. */
export const mostValues = 2_000_000;
