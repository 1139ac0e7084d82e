/** Tests that need another kernel than this machine's: a throw-away guest runs a program of several scenarios. */
@org.jspecify.annotations.NullMarked
package ringpull.guest;
