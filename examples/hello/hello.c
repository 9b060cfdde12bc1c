#include <stdio.h>

#define GREETING "Hello"

int main(int argc, char **argv) {
  return printf("%s, %s!\n", GREETING, argc > 1 ? argv[1] : "world") < 0;
}
