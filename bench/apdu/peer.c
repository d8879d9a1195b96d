/*
 * The least that a round trip costs: libpcsclite called from C. Does what rounds.ts describes.
 *
 *   cc -O2 -I/usr/include/PCSC peer.c -lpcsclite -o peer && ./peer "Virtual PCD 00 00"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

static SCARDHANDLE card;
static const SCARD_IO_REQUEST *request;

static void must(const char *what, LONG code)
{
	if (code == SCARD_S_SUCCESS)
		return;
	fprintf(stderr, "%s: 0x%08lX\n", what, (unsigned long)code);
	exit(1);
}

static void expect_status(const BYTE *command, DWORD length, BYTE sw1)
{
	BYTE answer[258];
	DWORD got = sizeof answer;

	must("SCardTransmit", SCardTransmit(card, request, command, length, NULL, answer, &got));
	if (got < 2 || answer[got - 2] != sw1) {
		fprintf(stderr, "another answer\n");
		exit(1);
	}
}

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	static const BYTE select_piv[] = { 0x00, 0xa4, 0x04, 0x00, 0x05, 0xa0, 0x00, 0x00, 0x03, 0x08 };
	static const BYTE command[] = { 0x00, 0x20, 0x00, 0x80 };
	SCARDCONTEXT context;
	DWORD protocol;
	char line[32];

	if (argc != 2)
		return 2;
	must("SCardEstablishContext", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
	must("SCardConnect", SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol));
	request = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	expect_status(select_piv, sizeof select_piv, 0x90);
	while (fgets(line, sizeof line, stdin) != NULL) {
		int left = atoi(line);
		double *samples = malloc(left * sizeof *samples);

		for (int i = 0; i < left; i++) {
			double begin = now_ms();

			expect_status(command, sizeof command, 0x63);
			samples[i] = now_ms() - begin;
		}
		for (int i = 0; i < left; i++)
			printf(i == 0 ? "%.6f" : " %.6f", samples[i]);
		printf("\n");
		fflush(stdout);
		free(samples);
	}
	SCardDisconnect(card, SCARD_LEAVE_CARD);
	SCardReleaseContext(context);
	return 0;
}
