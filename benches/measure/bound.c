/* The least that an FTP server can cost: a thread a session, sendfile out, splice in, an upload under a hidden name and a rename.
   It believes its clients: no checks, no rights, no timeouts. For measuring on loopback, and for nothing else. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static int listen_on(int port, int *chosen)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    socklen_t length = sizeof at;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&at, length) || listen(listener, 1024)) {
        close(listener);
        return -1;
    }
    getsockname(listener, (struct sockaddr *)&at, &length);
    *chosen = ntohs(at.sin_port);
    return listener;
}

/* A port from a range, at random: those that the kernel picks are full of TIME_WAIT. */
static int listen_passive(unsigned *seed, int *port)
{
    int listener;
    do
        listener = listen_on(10000 + rand_r(seed) % 20000, port);
    while (listener < 0);
    return listener;
}

static void say(int control, const char *reply)
{
    if (send(control, reply, strlen(reply), MSG_NOSIGNAL) < 0)
        warn("send");
}

/* Whether all of it went. */
static int put(int data, const char *folder, const char *name)
{
    char whole[9000];
    struct stat facts;
    off_t at = 0;
    int file;
    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    file = open(whole, O_RDONLY);
    if (file < 0)
        return 0;
    fstat(file, &facts);
    while (at < facts.st_size && sendfile(data, file, &at, 1 << 30) > 0)
        ;
    close(file);
    return at == facts.st_size;
}

/* Small files are read and written, larger ones spliced. */
static int take(int data, const char *folder, const char *name)
{
    char first[16384], whole[9000], hidden[9000];
    int ends[2], file;
    ssize_t count = recv(data, first, sizeof first, 0), part;
    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    snprintf(hidden, sizeof hidden, "%s/.%s.part", folder, name);
    file = open(hidden, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || count < 0 || write(file, first, count) != count)
        return 0;
    if (count > 0 && (count = recv(data, first, sizeof first, 0)) > 0) {
        if (write(file, first, count) != count || pipe(ends))
            return 0;
        fcntl(ends[0], F_SETPIPE_SZ, PIECE);
        while ((count = splice(data, NULL, ends[1], NULL, PIECE, SPLICE_F_MOVE)) > 0)
            for (; count > 0; count -= part)
                if ((part = splice(ends[0], NULL, file, NULL, count, SPLICE_F_MOVE)) <= 0)
                    return 0;
        close(ends[0]);
        close(ends[1]);
    }
    close(file);
    return count == 0 && rename(hidden, whole) == 0;
}

static void *session(void *argument)
{
    int control = (int)(long)argument, listener = -1, port, data, whole;
    unsigned seed = getpid() ^ control * 2654435761u;
    char line[4096], folder[4096] = ".", reply[64], *name, *end;
    ssize_t count;

    say(control, "220 bound\r\n");
    while ((count = recv(control, line, sizeof line - 1, 0)) > 0) {
        line[count] = 0;
        if ((end = strstr(line, "\r\n")))
            *end = 0;
        name = line + 5;
        if (!strncmp(line, "EPSV", 4)) {
            listener = listen_passive(&seed, &port);
            snprintf(reply, sizeof reply, "229 here (|||%d|)\r\n", port);
            say(control, reply);
        } else if (!strncmp(line, "RETR", 4) || !strncmp(line, "STOR", 4)) {
            data = accept(listener, NULL, NULL);
            close(listener);
            say(control, "150 now\r\n");
            whole = line[0] == 'R' ? put(data, folder, name) : take(data, folder, name);
            close(data);
            say(control, whole ? "226 done\r\n" : "451 not done\r\n");
        } else if (!strncmp(line, "USER", 4)) {
            say(control, "331 and the password\r\n");
        } else if (!strncmp(line, "PASS", 4)) {
            say(control, "230 come in\r\n");
        } else if (!strncmp(line, "CWD ", 4)) {
            strcpy(folder, line + 4);
            say(control, "250 there\r\n");
        } else if (!strncmp(line, "QUIT", 4)) {
            say(control, "221 bye\r\n");
            break;
        } else {
            say(control, "200 if you like\r\n");
        }
    }
    close(control);
    return NULL;
}

int main(int count, char **words)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int port, listener, control;

    if (count != 3 || chdir(words[1]))
        errx(2, "bound ROOT PORT");
    signal(SIGPIPE, SIG_IGN);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 65536);
    if ((listener = listen_on(atoi(words[2]), &port)) < 0)
        err(1, "listen");
    while ((control = accept(listener, NULL, NULL)) >= 0)
        if (pthread_create(&thread, &attributes, session, (void *)(long)control))
            close(control);
    err(1, "accept");
}
